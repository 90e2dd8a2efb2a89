import { PerspectiveCamera, Spherical, Vector3 } from 'three';
import { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js';

const UP = new Vector3(0, 0, 1);
/** Direction from which the whole cell is seen first. */
const CORNER = new Vector3(0.34, -1, 0.92).normalize();
const ABOVE = new Vector3(0, -0.001, 1).normalize();
/** The buttons at the lower edge cover this much of the picture. */
const BOTTOM_PX = 56;
/** Share of the picture's width and height that the cell takes up. */
const FILL = 0.94;
const TURN_RAD = Math.PI / 24;

/** Camera and the ways to move it: mouse, touch, keys, and two views to come back to. */
export class Viewpoint {
  readonly camera = new PerspectiveCamera(32, 1, 0.05, 100);
  private readonly controls: OrbitControls;
  /** The view to keep when the picture changes its shape; null once someone has turned it. */
  private kept: 'corner' | 'above' | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    /** What the two views show: nothing of it is cut off. */
    private readonly points: readonly Vector3[],
    private readonly moved: () => void,
  ) {
    this.camera.up.copy(UP);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enableDamping = false;
    this.controls.maxPolarAngle = Math.PI * 0.495;
    this.controls.minDistance = 0.4;
    this.controls.maxDistance = 40;
    this.controls.addEventListener('change', moved);
    this.controls.addEventListener('start', () => {
      this.kept = null;
    });
    canvas.addEventListener('keydown', this.onKey);
  }

  look(from: 'corner' | 'above'): void {
    this.kept = from;
    const direction = from === 'corner' ? CORNER : ABOVE;
    this.camera.position.copy(direction).multiplyScalar(10);
    this.camera.up.copy(UP);
    this.camera.lookAt(0, 0, 0);
    // What is to be seen, in axes of the picture: x to the right, y up, z towards the eye.
    const turn = this.camera.quaternion.clone().invert();
    const points = this.points.map((point) => point.clone().applyQuaternion(turn));
    const tanY = Math.tan((this.camera.fov * Math.PI) / 360) * FILL;
    const tanX = tanY * this.camera.aspect;
    const free = 1 - (2 * BOTTOM_PX) / Math.max(4 * BOTTOM_PX, this.canvas.clientHeight);
    const eye = eyeFor(points, tanX, tanY, tanY * free);
    const target = new Vector3(eye.x, eye.y, average(points.map(({ z }) => z)));
    this.camera.position.copy(eye.applyQuaternion(this.camera.quaternion));
    this.controls.target.copy(target.applyQuaternion(this.camera.quaternion));
    this.controls.update();
    this.moved();
  }

  resize(width: number, height: number): void {
    this.camera.aspect = width / Math.max(1, height);
    this.camera.updateProjectionMatrix();
    if (this.kept === null) this.moved();
    else this.look(this.kept);
  }

  dispose(): void {
    this.canvas.removeEventListener('keydown', this.onKey);
    this.controls.dispose();
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const offset = this.camera.position.clone().sub(this.controls.target);
    // Spherical counts from y; the world's up is z.
    const around = new Spherical().setFromCartesianCoords(offset.x, offset.z, -offset.y);
    switch (event.key) {
      case 'ArrowLeft':
        around.theta -= TURN_RAD;
        break;
      case 'ArrowRight':
        around.theta += TURN_RAD;
        break;
      case 'ArrowUp':
        around.phi -= TURN_RAD;
        break;
      case 'ArrowDown':
        around.phi += TURN_RAD;
        break;
      case '+':
      case '=':
        around.radius /= 1.1;
        break;
      case '-':
        around.radius *= 1.1;
        break;
      case 'Home':
        event.preventDefault();
        this.look('corner');
        return;
      default:
        return;
    }
    event.preventDefault();
    this.kept = null;
    around.phi = Math.min(Math.PI * 0.49, Math.max(0.01, around.phi));
    const at = new Vector3().setFromSpherical(around);
    this.camera.position.copy(this.controls.target).add(new Vector3(at.x, -at.z, at.y));
    this.controls.update();
    this.moved();
  };
}

/**
 * The nearest eye from which all points are inside of the picture, and in its middle. The tangents are those of the
 * angles between the line of sight and the sides, the top and what is free of the lower half.
 */
function eyeFor(points: readonly Vector3[], tanSide: number, tanTop: number, tanBottom: number): Vector3 {
  // A point is below the upper edge when y - eye.y <= (eye.z - z) * tan: every edge bounds a line through the eye.
  const least = (axis: 'x' | 'y', tan: number): number =>
    Math.min(...points.map((point) => point[axis] - point.z * tan));
  const most = (axis: 'x' | 'y', tan: number): number =>
    Math.max(...points.map((point) => point[axis] + point.z * tan));
  const [left, right] = [least('x', tanSide), most('x', tanSide)];
  const [bottom, top] = [least('y', tanBottom), most('y', tanTop)];
  const height = Math.max((right - left) / (2 * tanSide), (top - bottom) / (tanTop + tanBottom));
  return new Vector3((left + right) / 2, (top - height * tanTop + bottom + height * tanBottom) / 2, height);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
