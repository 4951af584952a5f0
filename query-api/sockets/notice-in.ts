import type { DeliveredMessage } from '../../contracts/ports/bus.ts';
import type { Log } from '../../contracts/ports/log.ts';
import { Notice } from '../../contracts/sockets/notices.ts';

/** The notice in a message. What is none would be none when it came again, so it is reported and passed over. */
export const noticeIn = ({ value, topic, offset }: DeliveredMessage, log: Log): Notice | undefined => {
  try {
    return Notice.parse(JSON.parse(value));
  } catch (error) {
    log.error({ err: error, topic, offset: String(offset) }, 'a message is not a notice');
    return undefined;
  }
};
