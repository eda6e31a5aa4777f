// `node:v8`: serialization, and what of V8's own statistics and tools SpiderMonkey can answer. What it has no counterpart of says so.
'use strict';

const { invalidType, nodeError } = require('node/errors');
const { absentFunction } = require('node/absent');
const { requireFunction, requireInteger, requireString } = require('node/arguments');
const { DefaultDeserializer, DefaultSerializer, deserialize, Deserializer, serialize, Serializer } = require('node/v8/serialization');
const { charCodeAt, isView, map, now, symbolFor } = require('builtins/primordials');
const { coverageWrite, memoryUsage } = ops;

/** The engine grows its heap as far as addresses of its cells go. */
const largestHeap = 2 ** 32 - 1;
// V8's spaces, which programs look up by name.
const spaces = [
  'read_only_space',
  'new_space',
  'old_space',
  'code_space',
  'shared_space',
  'trusted_space',
  'shared_trusted_space',
  'new_large_object_space',
  'large_object_space',
  'code_large_object_space',
  'shared_large_object_space',
  'shared_trusted_large_object_space',
  'trusted_large_object_space',
];

function getHeapStatistics() {
  const bytes = memoryUsage();
  return {
    total_heap_size: bytes[1],
    total_heap_size_executable: 0,
    total_physical_size: bytes[1],
    total_available_size: largestHeap - bytes[2],
    used_heap_size: bytes[2],
    heap_size_limit: largestHeap,
    malloced_memory: bytes[3],
    peak_malloced_memory: bytes[3],
    does_zap_garbage: 0,
    number_of_native_contexts: 1,
    number_of_detached_contexts: 0,
    total_global_handles_size: 0,
    used_global_handles_size: 0,
    external_memory: bytes[3],
    total_allocated_bytes: bytes[2],
  };
}

/** All that the engine has is one space; it stands under the name of V8's largest. */
function getHeapSpaceStatistics() {
  const bytes = memoryUsage();
  return map(spaces, (name) => {
    const isWhole = name === 'old_space';
    return {
      space_name: name,
      space_size: isWhole ? bytes[2] : 0,
      space_used_size: isWhole ? bytes[2] : 0,
      space_available_size: 0,
      physical_space_size: isWhole ? bytes[1] : 0,
    };
  });
}

const getHeapCodeStatistics = () => ({
  code_and_metadata_size: 0,
  bytecode_and_metadata_size: 0,
  external_script_source_size: 0,
  cpu_profiler_metadata_size: 0,
});

/** Flags are V8's; another engine has none of them. @param {any} flags */
function setFlagsFromString(flags) {
  requireString(flags, 'flags');
}

/** What `deserialize` reads. @param {any} buffer */
function deserializeChecked(buffer) {
  if (!isView(buffer)) throw invalidType('buffer', ['Buffer', 'TypedArray', 'DataView'], buffer);
  return deserialize(buffer);
}

const notBuilding = () => nodeError(Error, 'ERR_NOT_BUILDING_SNAPSHOT', 'Operation cannot be invoked when not building startup snapshot');

const startupSnapshot = {
  /** @param {any} callback */
  addDeserializeCallback(callback) {
    requireFunction(callback, 'callback');
    throw notBuilding();
  },
  /** @param {any} callback */
  addSerializeCallback(callback) {
    requireFunction(callback, 'callback');
    throw notBuilding();
  },
  /** @param {any} callback */
  setDeserializeMainFunction(callback) {
    requireFunction(callback, 'callback');
    throw notBuilding();
  },
  isBuildingSnapshot: () => false,
};

/** The collections between `start` and `stop`: the engine tells none, so the list is empty. */
class GCProfiler {
  #start = 0;
  start() {
    if (this.#start === 0) this.#start = now();
  }
  stop() {
    if (this.#start === 0) return undefined;
    const startTime = this.#start;
    this.#start = 0;
    return { version: 1, startTime, statistics: [], endTime: now() };
  }
  [Symbol.dispose ?? symbolFor('Symbol.dispose')]() {
    this.stop();
  }
}

/** @param {any} content */
function isStringOneByteRepresentation(content) {
  requireString(content, 'content');
  for (let index = 0; index < content.length; index += 1) if (charCodeAt(content, index) > 255) return false;
  return true;
}

/** @param {any} count */
function setHeapSnapshotNearHeapLimit(count) {
  requireInteger(count, 'limit', 1, 2 ** 32 - 1);
}

/** @param {any} constructor */
function queryObjects(constructor) {
  requireFunction(constructor, 'constructor');
  throw nodeError(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'v8.queryObjects is not there: the engine lists no objects');
}

const promiseHooks = {
  createHook: absentFunction('v8.promiseHooks', 'createHook', 1),
  onInit: absentFunction('v8.promiseHooks', 'onInit', 1),
  onBefore: absentFunction('v8.promiseHooks', 'onBefore', 1),
  onAfter: absentFunction('v8.promiseHooks', 'onAfter', 1),
  onSettled: absentFunction('v8.promiseHooks', 'onSettled', 1),
};

module.exports = {
  cachedDataVersionTag: () => 0x154d0f,
  getHeapSnapshot: absentFunction('v8', 'getHeapSnapshot'),
  getHeapStatistics,
  getHeapSpaceStatistics,
  getHeapCodeStatistics,
  getCppHeapStatistics: absentFunction('v8', 'getCppHeapStatistics'),
  setFlagsFromString,
  Serializer,
  Deserializer,
  DefaultSerializer,
  DefaultDeserializer,
  deserialize: deserializeChecked,
  takeCoverage() {
    coverageWrite();
  },
  stopCoverage() {},
  serialize,
  writeHeapSnapshot: absentFunction('v8', 'writeHeapSnapshot'),
  promiseHooks,
  queryObjects,
  startupSnapshot,
  setHeapSnapshotNearHeapLimit,
  GCProfiler,
  isStringOneByteRepresentation,
  startCpuProfile: absentFunction('v8', 'startCpuProfile'),
  startHeapProfile: absentFunction('v8', 'startHeapProfile'),
  setHeapProfileNearHeapLimit: absentFunction('v8', 'setHeapProfileNearHeapLimit', 1),
};
