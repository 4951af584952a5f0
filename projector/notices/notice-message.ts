import type { Message } from '../../contracts/ports/bus.ts';
import type { Notice } from '../../contracts/sockets/notices.ts';

/**
 * A notice as a CloudEvent 1.0 in binary mode (Kafka protocol binding 1.0.2 §3.2). Messages of one `key` keep their order.
 * Who reads those of several installations tells them apart by their topics.
 */
export const noticeMessage = (notice: Notice, key: string): Message => ({
  key,
  headers: {
    ce_specversion: '1.0',
    ce_id: notice.id,
    ce_source: '/tidemark',
    ce_type: notice.type,
    ce_time: notice.time,
    ce_subject: notice.subject,
    'content-type': 'application/json',
  },
  value: JSON.stringify(notice),
});
