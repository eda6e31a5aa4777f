/** The serialized URL, then the offsets of its parts, as `url.js` explains them. */
type UrlRecord = [
  href: string,
  schemeEnd: number,
  usernameEnd: number,
  hostStart: number,
  hostEnd: number,
  portEnd: number,
  pathStart: number,
  pathEnd: number,
  queryEnd: number,
];

interface Operations {
  canParseUrl(input: string, base: string | undefined): boolean;
  parseUrl(input: string, base: string | undefined): UrlRecord | undefined;
  /** Undefined when the setter ignores the value. */
  changeUrl(href: string, part: string, value: string): UrlRecord | undefined;
}
