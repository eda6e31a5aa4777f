// What the files of fetch hand to each other, as types.

type HeadersGuard = 'none' | 'immutable' | 'request' | 'response';
type FetchHeaders = InstanceType<typeof import('./headers.js').Headers>;
type FetchBody = InstanceType<typeof import('./body.js').BodyRecord>;
type RequestSlots = InstanceType<typeof import('./request.js').RequestRecord>;
type ResponseSlots = InstanceType<typeof import('./response.js').ResponseRecord>;
type Bytes = Uint8Array<ArrayBuffer>;

/**
 * What `fetchStart` resolves to, an array because that is what Rust makes fastest. `headers` is `name:value\n` for each. `body` is null, a
 * string (ASCII) or bytes when the whole body came with the head, or the number of a body that is still arriving.
 */
type ResponseHead = [status: number, statusText: string, url: string, redirected: boolean, headers: string, body: null | string | Bytes | number];
