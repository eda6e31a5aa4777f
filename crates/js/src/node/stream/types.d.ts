// The npm package readable-stream, which build.rs takes in.
declare module 'node/stream/stream' {
  const Stream: any;
  export = Stream;
}

declare module 'node/stream/internal/streams/destroy' {
  export const destroyer: (stream: any, error: any) => void;
}
declare module 'node/stream/internal/streams/end-of-stream' {
  const finished: any;
  export = finished;
}
