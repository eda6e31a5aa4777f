"""``twinloop.BroadcastChannel``: messages to all channels of a name, in other loops, processes and machines."""
