import { S3Client, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
const client = new S3Client({
  region: 'eu-central-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  requestHandler: {
    async handle() {
      return {
        response: {
          statusCode: 200,
          headers: { etag: '"x"', 'content-length': '2' },
          body: Readable.from([Buffer.from('hi')]),
          reason: 'OK',
        },
      };
    },
  },
});
const r = await client.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }));
console.log(r.ETag, await r.Body.transformToString());
console.log((await client.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'text' }))).ETag);
