/** What the picture may cost: `full` has shadows and smooth edges, `plain` neither. */
export type Quality = 'full' | 'plain';

/** Names under which browsers report that pixels are computed without a graphics card. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Thin clients and virtual machines often have no graphics card: there the picture is kept plain from the start. */
export function qualityHere(): Quality {
  const probe = document.createElement('canvas').getContext('webgl2');
  if (probe === null) return 'plain';
  const info = probe.getExtension('WEBGL_debug_renderer_info');
  const name: unknown = info === null ? '' : probe.getParameter(info.UNMASKED_RENDERER_WEBGL);
  probe.getExtension('WEBGL_lose_context')?.loseContext();
  return SOFTWARE.test(String(name)) ? 'plain' : 'full';
}
