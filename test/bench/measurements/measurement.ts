import type { Figure } from '../harness/figure.ts';
import type { Scale } from '../harness/scale.ts';
import type { Workshop } from '../harness/workshop.ts';

/** One thing that is measured: leaves nothing running but what its workshop clears. */
export type Measurement = (scale: Scale, workshop: Workshop) => Promise<readonly Figure[]>;
