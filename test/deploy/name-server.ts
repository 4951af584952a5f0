import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/**
 * Answers as the name server of a container network does: a name has the address of each of its instances, in an order
 * that changes from answer to answer (RFC 1035, A records only).
 */
export const startNameServer = async (addresses: Readonly<Record<string, () => readonly string[]>>) => {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (query, { port, address }) => {
    // One question is all that resolvers ask: labels, a zero, type and class.
    const end = query.indexOf(0, headerBytes) + 5;
    const question = query.subarray(headerBytes, end);
    const name = question.subarray(1, 1 + question[0]!).toString();
    const isAddress = question.readUInt16BE(question.length - 4) === 1;
    const known = addresses[name];
    const found = isAddress ? (known?.() ?? []) : [];
    if (isAddress) asked += 1;
    const turned = found.map((_, index) => found[(index + asked) % found.length]!);
    const answers = turned.map((one) =>
      // A pointer to the question's name, type A, class IN, a life of 0 s, 4 bytes.
      Buffer.from([0xc0, headerBytes, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...one.split('.').map(Number)]),
    );
    const header = Buffer.alloc(headerBytes);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answers.length, 6);
    socket.send(Buffer.concat([header, question, ...answers]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    stop: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
};

const headerBytes = 12;
