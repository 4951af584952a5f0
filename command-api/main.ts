import { runServices } from '../composition/run-services.ts';

await runServices(['command-api']);
