"""Names of hosts: ``addresses`` answers as ``socket.getaddrinfo`` does without blocking, ``connect_to`` sends connections elsewhere."""
