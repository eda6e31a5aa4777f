type DomAbortSignal = InstanceType<typeof import('./abort.js').AbortSignal>;
