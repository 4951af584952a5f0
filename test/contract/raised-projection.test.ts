import { candles } from '../../projector/prices/candle.projection.ts';
import { candleHistory } from '../support/histories.ts';
import { raised } from '../support/next-release.ts';
import { projectionContract } from './projection.contract.ts';

// Both versions: the one before goes on for a while.
projectionContract(raised(candles as never), candleHistory);
