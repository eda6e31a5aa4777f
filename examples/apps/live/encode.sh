#!/bin/sh
# Streams a picture that is made here, until Ctrl-C: `sh encode.sh media`. A camera is `-f v4l2 -i /dev/video0`.
mkdir -p "$1"
exec ffmpeg -loglevel warning -nostdin -re -f lavfi -i testsrc=size=320x180:rate=25 -f lavfi -i sine=frequency=440 \
  -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p -c:a aac \
  -f hls -hls_time 1 -hls_list_size 6 -hls_flags delete_segments+independent_segments "$1/live.m3u8"
