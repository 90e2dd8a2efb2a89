import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { FaultList } from './fault.ts';

/** An XML element without its text: URDF and SRDF keep everything in attributes. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
}

/** Largest description accepted, in characters; the largest public ones are below 0.2 million. */
const XML_LENGTH_MAX = 2_000_000;
const XML_DEPTH_MAX = 40;

/**
 * Reads a description whose root element must be `rootName`. Document types and entities are refused rather than
 * expanded: no robot description needs them, and they are how an XML file reads other files or fills memory.
 * Returns null when `faults` says why not.
 */
export function readXml(text: string, rootName: string, faults: FaultList): XmlElement | null {
  if (text.length > XML_LENGTH_MAX) {
    faults.add(
      'document',
      `${text.length} characters`,
      `longer than ${XML_LENGTH_MAX} characters`,
      'remove what does not describe the arm',
    );
    return null;
  }
  if (/<!\s*(DOCTYPE|ENTITY)/i.test(text)) {
    faults.add(
      'document',
      null,
      'a document type or entity declaration is not accepted',
      'remove <!DOCTYPE ...> and write the values in place',
    );
    return null;
  }
  if (text.trim() === '') {
    faults.add('document', null, 'is empty', `give a document whose root is <${rootName}>`);
    return null;
  }
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    faults.add(
      `line ${valid.err.line}, column ${valid.err.col}`,
      null,
      `not well-formed XML: ${valid.err.msg}`,
      'correct the markup',
    );
    return null;
  }
  let nodes: unknown;
  try {
    nodes = new XMLParser({
      preserveOrder: true,
      ignoreAttributes: false,
      attributeNamePrefix: '',
      parseAttributeValue: false,
      parseTagValue: false,
      processEntities: false,
      ignoreDeclaration: true,
      ignorePiTags: true,
      maxNestedTags: XML_DEPTH_MAX,
    }).parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    faults.add('document', null, `the XML cannot be read: ${reason}`, 'correct the markup');
    return null;
  }
  const roots = elementsOf(nodes, 0);
  const root = roots[0];
  if (root === undefined || roots.length !== 1 || root.name !== rootName) {
    faults.add(
      'document',
      roots.map((element) => `<${element.name}>`).join(' ') || null,
      `the root element must be <${rootName}>`,
      `give one document whose root is <${rootName}>`,
    );
    return null;
  }
  return root;
}

/** Children of that name, in document order. */
export function childrenNamed(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** The first child of that name, or null. */
export function childNamed(element: XmlElement, name: string): XmlElement | null {
  return element.children.find((child) => child.name === name) ?? null;
}

const PLAIN_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** A number as XML descriptions write it (no hexadecimal, no NaN, no infinity), or null. */
export function plainNumber(text: string): number | null {
  const trimmed = text.trim();
  if (!PLAIN_NUMBER.test(trimmed)) return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : null;
}

function elementsOf(nodes: unknown, depth: number): XmlElement[] {
  if (!Array.isArray(nodes) || depth > XML_DEPTH_MAX) return [];
  const elements: XmlElement[] = [];
  for (const node of nodes as readonly unknown[]) {
    if (typeof node !== 'object' || node === null) continue;
    const entries = Object.entries(node);
    const tag = entries.find(([key]) => key !== ':@' && key !== '#text' && key !== '#comment');
    if (tag === undefined) continue;
    const group: unknown = entries.find(([key]) => key === ':@')?.[1];
    const attributes = new Map<string, string>();
    if (typeof group === 'object' && group !== null) {
      for (const [key, value] of Object.entries(group)) attributes.set(key, String(value));
    }
    elements.push({ name: tag[0], attributes, children: elementsOf(tag[1], depth + 1) });
  }
  return elements;
}
