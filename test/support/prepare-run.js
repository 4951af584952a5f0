import { provideBackends } from './backend-servers.js';
import buildForChildren from './build-for-children.js';

/** Once before all tests. */
export default async () => {
  await buildForChildren();
  globalThis.stopBackends = await provideBackends();
};
