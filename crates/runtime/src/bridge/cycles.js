// The JavaScript half of collecting cycles that go through both heaps: what `cycles.rs` found in Python's, as edges of this one.
'use strict';

const { WeakMap, WeakRef, deref, weakMapSet } = require('builtins/primordials');

/** What each handle leads to in Python's heap, while a collection decides. @type {WeakMap<object, any[]> | undefined} */
let led;

/** The objects that are asked about. @type {WeakRef<object>[]} */
let watched = [];

module.exports = {
  /**
   * Nodes stand for Python objects; the objects of JavaScript that Python holds follow in numbering.
   * @param {number} count the number of nodes
   * @param {number[]} edges from which node, to which node or object, and so on
   * @param {object[]} objects
   * @param {any[]} entries a handle, the node of its object, and so on
   */
  mirror(count, edges, objects, entries) {
    /** @type {any[][]} */
    const nodes = [];
    for (let i = 0; i < count; i += 1) nodes[i] = [];
    for (let i = 0; i < edges.length; i += 2) {
      const node = nodes[edges[i]];
      const to = edges[i + 1];
      node[node.length] = to < count ? nodes[to] : objects[to - count];
    }
    led = new WeakMap();
    for (let i = 0; i < entries.length; i += 2) weakMapSet(led, entries[i], nodes[entries[i + 1]]);
    watched = [];
    for (let i = 0; i < objects.length; i += 1) watched[i] = new WeakRef(objects[i]);
  },
  /** The objects that were asked about, undefined for those that are gone. */
  survivors() {
    const survivors = [];
    for (let i = 0; i < watched.length; i += 1) survivors[i] = deref(watched[i]);
    led = undefined;
    watched = [];
    return survivors;
  },
};
