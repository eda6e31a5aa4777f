// What other files handle of events, as types.

type DomEvent = InstanceType<typeof import('./events.js').Event>;
type DomEventTarget = InstanceType<typeof import('./events.js').EventTarget>;
type EventListenerSlots = InstanceType<typeof import('./listeners.js').Listener>;
type EventListeners = InstanceType<typeof import('./listeners.js').ListenerList>;
