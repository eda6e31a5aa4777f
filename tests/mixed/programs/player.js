/* A made-up player: what the solver of ytdlp_challenge.py looks for, and other code around it. */
var _yt_player = {};
(function (g) {
  'use strict';
  var version = 'made-up';
  var Address = function (text) {
    this.text = text;
    this.values = {};
  };
  Address.prototype.get = function (name) {
    return name in this.values ? this.values[name] : null;
  };
  Address.prototype.set = function (name, value) {
    this.values[name] = value;
  };
  Address.prototype.clone = function () {
    return new Address(this.text);
  };
  Address.prototype.settle = function () {
    var n = this.get('n');
    if (n === undefined) return;
    if (n === 'throw') throw new TypeError('no such challenge');
    if (n === 'loop') while (true);
    if (n === 'hoard') for (var all = []; ; ) all.push(new Array(100000).fill(n));
    if (n === 'escape') n = [typeof process, typeof require, typeof fetch, typeof XMLHttpRequest].join();
    this.set('n', n.split('').reverse().join('') + n.length);
  };
  var steps = {
    swap: function (letters, at) {
      var first = letters[0];
      letters[0] = letters[at % letters.length];
      letters[at % letters.length] = first;
    },
    cut: function (letters, count) {
      letters.splice(0, count);
    },
    turn: function (letters) {
      letters.reverse();
    },
  };
  var scramble = function (text) {
    var letters = text.split('');
    steps.swap(letters, 3);
    steps.turn(letters);
    steps.cut(letters, 2);
    steps.swap(letters, 41);
    return letters.join('');
  };
  var address = function (text, name, signature) {
    var url = new Address(text);
    url.set('alr', 'yes');
    if (signature) {
      url.set(name, encodeURIComponent(scramble(decodeURIComponent(signature))));
    }
    return url;
  };
  g.start = function () {
    document.body.append(address('a', 's', 'b'));
  };
})(_yt_player);
