import { jest } from '@jest/globals';

/** Before each file of the run that is about the distributed shape. */
process.env.SHAPE = 'distributed';
// Processes start, and servers are slower than files.
jest.setTimeout(90_000);
