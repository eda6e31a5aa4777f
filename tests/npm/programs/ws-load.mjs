import { WebSocket, WebSocketServer } from 'ws';
console.log(typeof WebSocket, typeof WebSocketServer);
