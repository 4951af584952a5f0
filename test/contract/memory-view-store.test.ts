import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import { viewStoreContract } from './view-store.contract.ts';

viewStoreContract('memory', async () => ({ store: new MemoryViewStore(), close: async () => {} }));
