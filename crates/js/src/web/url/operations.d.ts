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
  /** What `--location` says; undefined without it. */
  baseUrl(): string | undefined;
  canParseUrl(input: string, base: string | undefined): boolean;
  /** The serialized URL, with the offsets in `offsets`; undefined for what is no URL. */
  parseUrl(input: string, base: string | undefined, offsets: Uint32Array): string | undefined;
  /** As `parseUrl`; undefined when the setter ignores the value. */
  changeUrl(href: string, part: string, value: string, offsets: Uint32Array): string | undefined;
}
