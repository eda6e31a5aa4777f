const socket = new WebSocket('ws://example.com/socket');

socket.onmessage = (event) => {
  console.log('Message from server:', event.data);
};
