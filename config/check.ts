import type { Finding } from './fault.ts';
import { checkArms } from './check-arms.ts';
import { checkMotions } from './check-motions.ts';
import { checkPlaces } from './check-places.ts';
import { checkSettings } from './check-settings.ts';
import { checkZones } from './check-zones.ts';
import { Findings } from './findings.ts';
import type { LoadedCell } from './loaded-cell.ts';

/** Findings of one cell at most; more say nothing new. */
const FINDINGS_MAX = 200;

/**
 * What is wrong or doubtful with a cell that could be loaded: bases, poses to rest in, places, reach, zones, settings.
 * Takes a second; errors first, the same cell gives the same findings.
 */
export function checkLayout(loaded: LoadedCell): readonly Finding[] {
  const findings = new Findings(loaded);
  checkArms(findings);
  checkPlaces(findings);
  checkZones(findings);
  checkSettings(findings);
  return inOrder(findings);
}

/**
 * The layout and, where that is in order, motions by the real planner between every pair of places that an arm
 * serves. Takes seconds.
 */
export function checkCell(loaded: LoadedCell): readonly Finding[] {
  const layout = checkLayout(loaded);
  // Where arms or places overlap, motions fail for reasons that have been named already.
  if (layout.some(({ severity }) => severity === 'error')) return layout;
  const findings = new Findings(loaded);
  checkMotions(findings);
  findings.list.push(...layout);
  return inOrder(findings);
}

function inOrder(findings: Findings): readonly Finding[] {
  const rank = (finding: Finding): number => (finding.severity === 'error' ? 0 : 1);
  return [...findings.list].sort((a, b) => rank(a) - rank(b)).slice(0, FINDINGS_MAX);
}
