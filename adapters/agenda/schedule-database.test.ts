import { recordingLog } from '../../test/support/recording-log.ts';
import { ScheduleDatabase } from './schedule-database.ts';

it('says that an address can’t be one, and not which', () => {
  const open = () => new ScheduleDatabase({ url: 'mongodb://me:secret@', deadlineMs: 1, log: recordingLog() });
  expect(open).toThrow(/^the URL of MongoDB is not valid$/);
});
