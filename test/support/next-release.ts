import type { Projection } from '../../contracts/projection.ts';
import { allProjections } from '../../projector/all.projection.ts';
import type { AnyProjection } from '../../projector/fold-batch.ts';

type Rule = (event: never, view: object | undefined) => object | undefined;

/** The view's next version: the same rows, each of which says so in a field that the old ones don't have. */
export const raised = (previous: AnyProjection): AnyProjection => {
  const marked = (rule: Rule): Rule => {
    return (event, view) => {
      const next = rule(event, view);
      return next === undefined || next === view ? next : { ...next, release: previous.version + 1 };
    };
  };
  const rules = Object.entries(previous.on as Readonly<Record<string, Rule>>).map(([type, rule]) => [
    type,
    marked(rule),
  ]);
  const on = Object.fromEntries(rules) as Projection<never, never>['on'];
  return { ...previous, version: previous.version + 1, on, previous };
};

/** The views of this release, and as the next one may have them: all but the last raised. */
export const thisRelease = allProjections;
export const nextRelease = allProjections.map((view, index) =>
  index < allProjections.length - 1 ? raised(view) : view,
);
