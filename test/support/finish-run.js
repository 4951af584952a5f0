/** Once after all tests. */
export default () => globalThis.stopBackends();
