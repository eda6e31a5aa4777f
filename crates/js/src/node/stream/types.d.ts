// The npm package readable-stream, which build.rs takes in.
declare module 'node/stream/stream' {
  const Stream: any;
  export = Stream;
}
