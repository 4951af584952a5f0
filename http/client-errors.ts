import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { DomainError } from '../contracts/errors.ts';
import { problemAnswer } from './problem.ts';

const details: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'the headers are too large',
  HPE_INVALID_METHOD: 'there is no such method',
  ERR_HTTP_REQUEST_TIMEOUT: 'the request took too long to arrive',
};

/** Answers what is not HTTP enough to become a request, and closes the connection. */
export const answerClientErrors = (server: Server): void => {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // Nobody is there any more, or (as Node itself finds out) an answer is on its way already.
    const { _httpMessage: underWay } = socket as { _httpMessage?: ServerResponse };
    if (error.code === 'ECONNRESET' || !socket.writable || underWay?.headersSent) {
      socket.destroy();
      return;
    }
    const { status, headers, body } = problemAnswer(
      new DomainError('malformed-request', { detail: details[error.code ?? ''] }),
    );
    const all = { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    socket.end(`HTTP/1.1 ${status} Bad Request\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  });
};
