// What of a program its tests ran (https://nodejs.org/api/test.html#collecting-code-coverage): reports in V8's format, of this process or of those of
// the files, as one summary by files, and that as a table.
'use strict';

const { process } = require('node/process/process');
const { matchesGlob } = require('node/path/glob');
const { usualPatterns } = require('node/test/files');
const {
  create,
  endsWith,
  entries,
  exec,
  filter,
  join,
  keys,
  map,
  max,
  min,
  padEnd,
  padStart,
  parseJson,
  push,
  regExp,
  repeat,
  some,
  sort,
  split,
  startsWith,
  stringIncludes,
  toFixed,
} = require('builtins/primordials');
const { coverageReport } = ops;
const loadFiles = () => /** @type {any} */ (require('node/fs/fs'));
const loadOs = () => /** @type {any} */ (require('node/os/os'));
const loadPath = () => /** @type {any} */ (require('node/path/path'));
const loadUrl = () => /** @type {any} */ (require('node/url/url'));

const ignoreNext = regExp(/^\s*\/\* node:coverage ignore next (?:(\d+) )?\*\/\s*$/);
const ignoreRest = regExp(/^\s*\/\* node:coverage (disable|enable) \*\/\s*$/);
const lineEnd = regExp(/\r?\n/);

/** @typedef {{ startOffset: number, endOffset: number, count: number }} Range */
/** @typedef {{ functionName: string, ranges: Range[], isBlockCoverage: boolean }} Ran */
/** @typedef {{ line: number, startOffset: number, endOffset: number, isIgnored: boolean, count: number }} Line */
/** @typedef {{ lines: number, branches: number, functions: number, include: string[], exclude: string[] | undefined }} CoverageSettings */

/** The reports of processes that wrote them into a folder. @param {string} folder @returns {any[]} */
function reportsIn(folder) {
  /** @type {any[]} */
  const reports = [];
  const names = loadFiles().existsSync(folder) ? sort(loadFiles().readdirSync(folder)) : [];
  for (let index = 0; index < names.length; index += 1) {
    if (!startsWith(names[index], 'coverage-') || !endsWith(names[index], '.json')) continue;
    try {
      push(reports, parseJson(loadFiles().readFileSync(`${folder}/${names[index]}`, 'utf8')));
    } catch {
      // A process that was ended in the middle of writing it.
    }
  }
  return reports;
}

/** That of this process. @returns {any[]} */
function ownReports() {
  const text = coverageReport();
  return text === undefined ? [] : [parseJson(text)];
}

/** @param {string} path @param {string} cwd @param {CoverageSettings} settings */
function isWanted(path, cwd, { include, exclude }) {
  const relative = loadPath().relative(cwd, path);
  const matches = (/** @type {string[]} */ patterns) =>
    some(patterns, (pattern) => matchesGlob(relative, pattern, '/') || matchesGlob(path, pattern, '/'));
  if (matches(exclude ?? usualPatterns(true))) return false;
  if (include.length > 0) return matches(include);
  return !stringIncludes(path, '/node_modules/');
}

/** What ran of a file in any of the processes. @param {Ran[][]} all @returns {Ran[]} */
function merged(all) {
  if (all.length === 1) return all[0];
  /** @type {Record<string, Ran[]>} */
  const same = create(null);
  for (let index = 0; index < all.length; index += 1) {
    for (let at = 0; at < all[index].length; at += 1) {
      const { startOffset, endOffset } = all[index][at].ranges[0];
      const key = `${startOffset}-${endOffset}`;
      same[key] ??= [];
      push(same[key], all[index][at]);
    }
  }
  const list = map(entries(same), (each) => mergedFunction(/** @type {Ran[]} */ (each[1])));
  return sort(list, (a, b) => a.ranges[0].startOffset - b.ranges[0].startOffset || b.ranges[0].endOffset - a.ranges[0].endOffset);
}

/** @param {Ran[]} all @returns {Ran} */
function mergedFunction(all) {
  const ran = filter(all, (each) => each.ranges[0].count > 0);
  if (ran.length === 0) return all[0];
  let count = 0;
  /** @type {Range[] | undefined} */
  let dead;
  for (let index = 0; index < ran.length; index += 1) {
    count += ran[index].ranges[0].count;
    const own = filter(ran[index].ranges, (_range, place) => place > 0);
    dead = dead === undefined ? own : common(dead, own);
  }
  const whole = { ...ran[0].ranges[0], count };
  return { functionName: ran[0].functionName, ranges: [whole, ...(dead ?? [])], isBlockCoverage: true };
}

/** What is in both. @param {Range[]} first @param {Range[]} second */
function common(first, second) {
  /** @type {Range[]} */
  const both = [];
  for (let i = 0; i < first.length; i += 1) {
    for (let j = 0; j < second.length; j += 1) {
      const startOffset = max(first[i].startOffset, second[j].startOffset);
      const endOffset = min(first[i].endOffset, second[j].endOffset);
      if (startOffset < endOffset) push(both, { startOffset, endOffset, count: 0 });
    }
  }
  return both;
}

/** @param {string} text @returns {Line[]} */
function linesOf(text) {
  /** @type {Line[]} */
  const lines = [];
  const parts = split(text, lineEnd);
  let offset = 0;
  let ignoring = 0;
  for (let index = 0; index < parts.length; index += 1) {
    const { length } = parts[index];
    // The end of the last line begins none.
    if (index === parts.length - 1 && length === 0 && index > 0) break;
    const rest = exec(ignoreRest, parts[index]);
    const next = exec(ignoreNext, parts[index]);
    let isIgnored = ignoring > 0;
    if (rest !== null) {
      ignoring = rest[1] === 'disable' ? Infinity : 0;
      isIgnored = false;
    } else if (next !== null && ignoring !== Infinity) ignoring = Number(next[1] ?? 1);
    else if (ignoring > 0) ignoring -= 1;
    push(lines, { line: index + 1, startOffset: offset, endOffset: offset + length, isIgnored, count: 1 });
    offset += length + (text[offset + length] === '\r' ? 2 : 1);
  }
  return lines;
}

/** The lines that a range touches; those that it covers whole and that never ran are noted. @param {Range} range @param {Line[]} lines */
function touched({ startOffset, endOffset, count }, lines) {
  let first;
  let size = 0;
  let ignored = 0;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    if (line.endOffset < startOffset || endOffset < line.startOffset) continue;
    first ??= line.line;
    size += 1;
    if (count === 0 && startOffset <= line.startOffset && line.endOffset <= endOffset) line.count = 0;
    if (line.isIgnored) ignored += 1;
  }
  return { line: first, isIgnored: size > 0 && ignored === size };
}

/** @param {string} path @param {Ran[]} ran */
function fileSummary(path, ran) {
  const lines = linesOf(loadFiles().readFileSync(path, 'utf8'));
  /** @type {{ name: string, count: number, line: number | undefined }[]} */
  const functions = [];
  /** @type {{ line: number | undefined, count: number }[]} */
  const branches = [];
  let coveredFunctionCount = 0;
  let coveredBranchCount = 0;
  for (let index = 0; index < ran.length; index += 1) {
    const { functionName, ranges, isBlockCoverage } = ran[index];
    for (let at = 0; at < ranges.length; at += 1) {
      const place = touched(ranges[at], lines);
      const { count } = ranges[at];
      const isCovered = count > 0 || place.isIgnored;
      if (isBlockCoverage) {
        push(branches, { line: place.line, count });
        if (isCovered) coveredBranchCount += 1;
      }
      if (index > 0 && at === 0) {
        push(functions, { name: functionName, count, line: place.line });
        if (isCovered) coveredFunctionCount += 1;
      }
    }
  }
  let coveredLineCount = 0;
  /** @type {{ line: number, count: number }[]} */
  const shown = [];
  for (let index = 0; index < lines.length; index += 1) {
    const { line, count, isIgnored } = lines[index];
    if (count > 0 || isIgnored) coveredLineCount += 1;
    if (!isIgnored) push(shown, { line, count });
  }
  return {
    path,
    totalLineCount: lines.length,
    totalBranchCount: branches.length,
    totalFunctionCount: functions.length,
    coveredLineCount,
    coveredBranchCount,
    coveredFunctionCount,
    coveredLinePercent: percent(coveredLineCount, lines.length),
    coveredBranchPercent: percent(coveredBranchCount, branches.length),
    coveredFunctionPercent: percent(coveredFunctionCount, functions.length),
    functions,
    branches,
    lines: shown,
  };
}

/** @param {number} part @param {number} whole */
const percent = (part, whole) => (whole === 0 ? 100 : (part / whole) * 100);

/** @param {any[]} reports @param {string} cwd @param {CoverageSettings} settings */
function coverageSummary(reports, cwd, settings) {
  /** @type {Record<string, Ran[][]>} */
  const byUrl = create(null);
  for (let index = 0; index < reports.length; index += 1) {
    const { result } = reports[index];
    for (let at = 0; at < result.length; at += 1) {
      const { url, functions } = result[at];
      if (!startsWith(url, 'file:')) continue;
      byUrl[url] ??= [];
      push(byUrl[url], functions);
    }
  }
  /** @type {any[]} */
  const files = [];
  const urls = keys(byUrl);
  for (let index = 0; index < urls.length; index += 1) {
    const path = loadUrl().fileURLToPath(urls[index]);
    if (isWanted(path, cwd, settings) && loadFiles().existsSync(path)) push(files, fileSummary(path, merged(byUrl[urls[index]])));
  }
  sort(files, (a, b) => (a.path < b.path ? -1 : 1));
  const total = (/** @type {string} */ name) => {
    let sum = 0;
    for (let index = 0; index < files.length; index += 1) sum += files[index][name];
    return sum;
  };
  const [lines, branches, functions] = [total('totalLineCount'), total('totalBranchCount'), total('totalFunctionCount')];
  const covered = [total('coveredLineCount'), total('coveredBranchCount'), total('coveredFunctionCount')];
  return {
    workingDirectory: cwd,
    files,
    thresholds: { line: settings.lines, branch: settings.branches, function: settings.functions },
    totals: {
      totalLineCount: lines,
      totalBranchCount: branches,
      totalFunctionCount: functions,
      coveredLineCount: covered[0],
      coveredBranchCount: covered[1],
      coveredFunctionCount: covered[2],
      coveredLinePercent: percent(covered[0], lines),
      coveredBranchPercent: percent(covered[1], branches),
      coveredFunctionPercent: percent(covered[2], functions),
    },
  };
}

/** Which of the thresholds is not met, as sentences. @param {any} summary @returns {string[]} */
function missedThresholds({ totals, thresholds }) {
  /** @type {[string, number, number][]} */
  const all = [
    ['line', totals.coveredLinePercent, thresholds.line],
    ['branch', totals.coveredBranchPercent, thresholds.branch],
    ['function', totals.coveredFunctionPercent, thresholds.function],
  ];
  const missed = filter(all, (each) => each[1] < each[2]);
  return map(missed, (each) => `Error: ${toFixed(each[1], 2)}% ${each[0]} coverage does not meet threshold of ${each[2]}%.`);
}

/** Lines that never ran, as `3-5 8`. @param {any} file */
function uncovered({ lines }) {
  /** @type {string[]} */
  const spans = [];
  for (let index = 0; index < lines.length; index += 1) {
    if (lines[index].count > 0) continue;
    const first = lines[index].line;
    let last = first;
    while (index + 1 < lines.length && lines[index + 1].count === 0 && lines[index + 1].line === last + 1) {
      index += 1;
      last += 1;
    }
    push(spans, first === last ? `${first}` : `${first}-${last}`);
  }
  return join(spans, ' ');
}

/** The table of a summary, each line behind a prefix. @param {string} prefix @param {any} summary */
function coverageTable(prefix, summary) {
  /** @type {[name: string, figures: any, lines: string][]} */
  const rows = [];
  /** @type {string[]} */
  let folders = [];
  for (let index = 0; index < summary.files.length; index += 1) {
    const file = summary.files[index];
    const parts = split(loadPath().relative(summary.workingDirectory, file.path), '/');
    const name = parts[parts.length - 1];
    let depth = 0;
    while (depth < parts.length - 1 && depth < folders.length && folders[depth] === parts[depth]) depth += 1;
    for (; depth < parts.length - 1; depth += 1) push(rows, [repeat(' ', depth) + parts[depth], undefined, '']);
    folders = filter(parts, (_part, place) => place < parts.length - 1);
    push(rows, [repeat(' ', folders.length) + name, file, uncovered(file)]);
  }
  const head = ['file', 'line %', 'branch %', 'funcs %', 'uncovered lines'];
  let width = 'all files'.length;
  let last = head[4].length;
  for (let index = 0; index < rows.length; index += 1) {
    width = max(width, rows[index][0].length);
    last = max(last, rows[index][2].length);
  }
  const figures = (/** @type {any} */ of) => {
    const values = of === undefined ? [] : [of.coveredLinePercent, of.coveredBranchPercent, of.coveredFunctionPercent];
    let text = '';
    for (let index = 0; index < 3; index += 1) {
      const shown = values.length === 0 ? '' : toFixed(values[index], 2);
      text += `| ${padStart(shown, head[index + 1].length)} `;
    }
    return text;
  };
  const rule = `${prefix}${repeat('-', width + 3 + 6 + 3 + 8 + 3 + 7 + 3 + last + 1)}\n`;
  let text = `${prefix}start of coverage report\n${rule}${prefix}${padEnd(head[0], width)} | ${head[1]} | ${head[2]} | ${head[3]} | ${head[4]}\n${rule}`;
  for (let index = 0; index < rows.length; index += 1) {
    text += `${prefix}${padEnd(rows[index][0], width)} ${figures(rows[index][1])}| ${rows[index][2]}\n`;
  }
  return `${text}${rule}${prefix}${padEnd('all files', width)} ${figures(summary.totals)}| \n${rule}${prefix}end of coverage report\n`;
}

/** A folder for the reports of processes. */
function makeFolder() {
  const { NODE_V8_COVERAGE: named } = process.env;
  if (named) return { folder: loadPath().resolve(named), remove: () => {} };
  const folder = loadFiles().mkdtempSync(`${loadOs().tmpdir()}/coverage-`);
  return { folder, remove: () => loadFiles().rmSync(folder, { recursive: true, force: true }) };
}

module.exports = { coverageSummary, coverageTable, makeFolder, missedThresholds, ownReports, reportsIn };
