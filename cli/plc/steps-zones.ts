import { plcId } from '../../controller/domain/permission.ts';
import type { PlcMap } from '../../controller/domain/plc-map.ts';
import { found } from './acceptance-step.ts';
import type { AcceptanceStep, Finding } from './acceptance-step.ts';

/** Every shared zone: asked for, cleared, granted, acknowledged, and given back. */
export function zoneSteps(map: PlcMap): readonly AcceptanceStep[] {
  return map.zones.map((zone): AcceptanceStep => ({
    id: `zone-${zone.id}`,
    group: 'zones',
    title: `${zone.id} is asked for by the ${zone.claimant} and given back`,
    expected:
      'granted when the arms are parked, acknowledged, the cell’s again after request and acknowledgement fall',
    run: async (bench) => {
      const findings: Finding[] = [];
      const id = plcId(map, zone.id);
      const state = (): string => bench.view().sharedZones.find((each) => each.id === id)?.state ?? 'unknown';
      await bench.run();
      bench.plc.set(zone.request.id, true);
      if (!(await bench.until(() => state() !== 'ours', 3_000))) {
        findings.push(found('zone-not-requested', zone.id, 'the request does not arrive'));
      } else if (!(await bench.until(() => state() === 'theirs', 10_000))) {
        findings.push(found('zone-not-acknowledged', zone.id, `the zone stays ${state()}`));
      }
      const seen = state();
      bench.plc.set(zone.request.id, false);
      if (!(await bench.until(() => state() === 'ours', 3_000))) {
        findings.push(
          found('zone-not-returned', zone.id, `the zone stays ${state()} after the request has fallen`),
        );
      }
      await bench.command('reset');
      return { seen: `${seen}, then ${state()}`, findings };
    },
  }));
}
