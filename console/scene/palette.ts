import { Color } from 'three';

const NAMES = [
  'background', 'floor', 'grid', 'arm-light', 'arm-dark', 'tool', 'tote', 'tote-edge', 'goods', 'fixture',
  'zone', 'zone-held', 'alarm', 'selected',
] as const; // prettier-ignore

/** Colours of the scene, as the style sheet has them for the theme in use. */
export type Palette = Readonly<Record<(typeof NAMES)[number], Color>>;

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    NAMES.map((name) => [name, new Color(style.getPropertyValue(`--scene-${name}`).trim() || '#808080')]),
  ) as Palette;
}
