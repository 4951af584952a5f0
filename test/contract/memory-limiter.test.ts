import { jest } from '@jest/globals';
import { memoryLimiters } from '../../adapters/memory/memory-limiter.ts';
import { limiterContract } from './limiter.contract.ts';

limiterContract('memory', async () => {
  let passedMs = 0;
  const startedMs = Date.now();
  jest.spyOn(Date, 'now').mockImplementation(() => startedMs + passedMs);
  return {
    limiters: memoryLimiters,
    pass: async (ms) => {
      passedMs += ms;
    },
    close: async () => void jest.restoreAllMocks(),
  };
});
