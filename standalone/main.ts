import { runServices } from '../composition/run-services.ts';
import { allServices } from '../composition/services.ts';

await runServices(allServices);
