// Files as Responses: `serveFile` and `serveDir`, by the names of Deno's standard library. Rust finds, checks and reads them
// (`twinloop_web::server::Folder`); their bodies leave without a visit to JavaScript.
'use strict';

const { Map, decodeURIComponent, mapGet, mapSet, mapSize, slice, startsWith, stringIndexOf } = require('builtins/primordials');
const { isObject, toUSVString } = require('builtins/webidl');
const { givenBody } = require('web/fetch/body');
const { wireText } = require('web/fetch/headers');
const { isRequest, recordOf } = require('web/fetch/request');
const { ResponseRecord, makeResponse } = require('web/fetch/response');
const { readCompress } = require('web/server/options');
const { serverFile, serverFolder } = ops;
const loadUrl = () => require('web/url/url');

/** Folders that were served, by what they are served with (BOUNDED). @type {Map<string, object>} */
let folders = new Map();
const mostFolders = 64;

/** @param {any} request */
function checked(request) {
  if (!isRequest(request)) throw new TypeError('serveFile: the first argument must be a Request');
  const record = recordOf(request);
  return { method: record.method, fields: record.headers === null ? record.headerText : wireText(record.headers) };
}

/** @param {any} path */
function pathOf(path) {
  if (!isObject(path)) return toUSVString(path);
  const url = new (loadUrl().URL)(path.href);
  if (url.protocol !== 'file:') throw new TypeError('serveFile: the URL must be one of a file');
  return decodeURIComponent(url.pathname);
}

/** @param {[status: number, fields: string, body: null | Uint8Array<ArrayBuffer> | KeptBytes | number]} answer */
function responseOf(answer) {
  const [status, fields, body] = answer;
  const record = body === null ? null : givenBody(body);
  return makeResponse(new ResponseRecord('default', status, '', '', false, fields, 'response', record));
}

/** The file at a path, whatever the request's URL is. @param {any} request @param {any} path @param {any} [options] */
async function serveFile(request, path, options = {}) {
  const { method, fields } = checked(request);
  return responseOf(await serverFile(pathOf(path), method, '/', fields, readCompress('serveFile', options)));
}

/** What of a folder the request's URL names. @param {any} request @param {any} [options] */
async function serveDir(request, options = {}) {
  const { method, fields } = checked(request);
  const { fsRoot = '.', urlRoot = '', index = 'index.html', hidden = false, precompressed = true, cacheControl } = options;
  const root = pathOf(fsRoot);
  const compress = readCompress('serveDir', options);
  const key = `${root}\n${index}\n${hidden}\n${precompressed}\n${cacheControl}\n${compress}`;
  let folder = mapGet(folders, key);
  if (folder === undefined) {
    const control = cacheControl === undefined ? undefined : `${cacheControl}`;
    folder = serverFolder(root, toUSVString(index), !!hidden, !!precompressed, control, compress);
    if (mapSize(folders) >= mostFolders) folders = new Map();
    mapSet(folders, key, folder);
  }
  let target = targetOf(request.url);
  const prefix = startsWith(urlRoot, '/') || urlRoot === '' ? urlRoot : `/${urlRoot}`;
  if (prefix !== '') {
    if (!startsWith(target, prefix)) return responseOf([404, '', null]);
    target = slice(target, prefix.length);
    if (!startsWith(target, '/')) target = `/${target}`;
  }
  return responseOf(await serverFile(folder, method, target, fields, compress));
}

/** What follows the host. @param {string} url */
function targetOf(url) {
  const start = stringIndexOf(url, '/', stringIndexOf(url, '//') + 2);
  return start < 0 ? '/' : slice(url, start);
}

module.exports = { serveDir, serveFile };
