// Offsets, in bytes, of what the TypeScript side writes into memory. `arms/kernel/memory-layout.ts` holds the same
// numbers; a test compares the two.

/** Lanes are configurations: eight, as two vectors of four floats. */
export const LANES: i32 = 8;
/** Bytes of one quantity for all lanes. */
export const WIDE: usize = 32;

// Scene record.
export const S_JOINT_COUNT: usize = 0;
export const S_GROUP_COUNT: usize = 4;
export const S_MOVING_COUNT: usize = 8;
export const S_CAPSULE_COUNT: usize = 12;
export const S_JOINTS: usize = 16;
export const S_GROUPS: usize = 20;
export const S_CAPSULES: usize = 24;
export const S_PIECES: usize = 28;
export const S_PAIRS: usize = 32;
export const S_PAIR_COUNT: usize = 36;
export const S_CAPSULE_PAIRS: usize = 40;
export const S_SELF_MARGIN: usize = 44;
export const S_GRID_X: usize = 48;
export const S_GRID_Y: usize = 52;
export const S_GRID_Z: usize = 56;
export const S_GRID_INVERSE: usize = 60;
export const S_GRID_NX: usize = 64;
export const S_GRID_NY: usize = 68;
export const S_GRID_NZ: usize = 72;
export const S_GRID_CELLS: usize = 76;
export const S_GRID_SIZE: usize = 80;
export const S_BRICKS: usize = 84;
export const S_LISTS: usize = 88;
export const S_LISTS_END: usize = 92;
export const S_SOLIDS: usize = 96;
export const S_SOLID_COUNT: usize = 100;
export const S_FRAMES: usize = 104;
export const S_CENTRES: usize = 108;
export const S_ENDS: usize = 112;
export const S_STAMPS: usize = 116;
export const S_Q: usize = 120;
export const S_TRAVEL: usize = 124;
export const S_PAIR_TRAVEL: usize = 128;
export const S_LEVERS: usize = 132;
export const S_ALL_LIST: usize = 136;
export const S_SCRATCH: usize = 140;
export const S_ITEM: usize = 144;
export const S_ITEM_HALF: usize = 148;
export const S_ITEM_RADIUS: usize = 160;
export const S_ITEM_TRAVEL: usize = 164;
export const S_ITEM_LEVERS: usize = 168;
export const S_ALLOWED: usize = 172;
export const S_ALLOWED_COUNT: usize = 176;
export const S_LATERAL: usize = 180;
export const S_TIP: usize = 184;
export const S_ITEM_LAST_JOINT: usize = 232;
export const S_ITEM_CENTRES: usize = 236;
/** Bounds of the whole arm per lane: lowest x y z, highest x y z. */
export const S_BOUNDS: usize = 240;
/** 1 while an arm is known to stand still in the motion that is looked at, and to be free where it stands. */
export const S_STILL: usize = 244;
/** What the arm's fastest part travels in that motion. */
export const S_FASTEST: usize = 248;
export const S_SIZE: usize = 256;

// Several arms that move together.
export const SP_COUNT: usize = 0;
export const SP_MARGIN: usize = 4;
export const SP_JOINT_COUNT: usize = 8;
/** Per arm: its scene, and where its joints begin, in bytes. */
export const SP_SCENES: usize = 12;
/** Pairs of arms that can reach one another: two places among the scenes each. */
export const SP_PAIRS: usize = 16;
export const SP_PAIR_COUNT: usize = 20;
export const SP_SIZE: usize = 32;

// Track. Rows hold one number per sample, with eight copies of the first sample before and of the last one after.
export const T_STRIDE: usize = 0;
export const T_SAMPLES: usize = 4;
/** Groups, and one more for the item. */
export const T_ROWS: usize = 8;
export const T_SCENE: usize = 12;
/** Per group rows x, y, z of its sphere and half of what it travels to the next sample or from the last. */
export const T_SPHERES: usize = 16;
/** Per capsule rows of its ends, x y z each. */
export const T_ENDS: usize = 20;
/** Per group, for windows of sixteen samples that begin with every eighth: x, y, z, radius. */
export const T_WINDOWS: usize = 24;
export const T_WINDOW_COUNT: usize = 28;
/** Per group the sphere round all samples. */
export const T_WHOLE: usize = 32;
/** Rows of the item's rotation and centre, twelve; 0: nothing is ever carried. */
export const T_ITEM: usize = 36;
export const T_ITEM_HALF: usize = 40;
export const T_ITEM_RADIUS: usize = 52;
export const T_ITEM_FROM: usize = 56;
export const T_ITEM_UNTIL: usize = 60;
export const T_SIZE: usize = 64;
/** Samples of padding at either end of a row. */
export const T_PAD: i32 = 8;

/** A motion that anywhere has less room than this may be called not free, m. */
export const MOTION_RESOLUTION_M: f32 = 0.001;

// Joint: transform from the joint before (for the first: from the world), columns X Y Z P; how it turns.
export const J_KIND: usize = 48;
export const J_TURN: usize = 52;
export const J_GROUP_FIRST: usize = 56;
export const J_GROUP_END: usize = 60;
export const J_SIZE: usize = 64;
/** Rotation of the fixed transform. */
export const TURN_NONE: i32 = 0;
export const TURN_X_UP: i32 = 1;
export const TURN_X_DOWN: i32 = 2;
export const TURN_ANY: i32 = 3;
export const KIND_TURNS: i32 = 0;

// Group of capsules that move as one.
export const G_CENTRE: usize = 0;
export const G_RADIUS: usize = 12;
export const G_JOINT: usize = 16;
export const G_CAPSULE_FIRST: usize = 20;
export const G_CAPSULE_END: usize = 24;
export const G_SIZE: usize = 32;

// Capsule.
export const C_P: usize = 0;
export const C_Q: usize = 12;
export const C_RADIUS: usize = 24;
export const C_LENGTH2: usize = 28;
export const C_INVERSE: usize = 32;
export const C_PIECE_FIRST: usize = 36;
export const C_PIECE_END: usize = 40;
export const C_JOINT: usize = 44;
/** Radius of the sphere round all of it, about its middle. */
export const C_REACH: usize = 48;
export const C_SIZE: usize = 64;

// Piece of a capsule, and a sphere round it.
export const P_CENTRE: usize = 0;
export const P_RADIUS: usize = 12;
export const P_HALF: usize = 16;
export const P_AXIS: usize = 20;
/** From the sphere's centre to the middle of the piece, along the axis. */
export const P_SHIFT: usize = 32;
/** Which ends of the capsule belong to the piece: bit 0 the one against the axis, bit 1 the one along it. */
export const P_CAPS: usize = 36;
export const P_SIZE: usize = 48;

// Pair of groups of one arm.
export const PAIR_INNER: usize = 0;
export const PAIR_OUTER: usize = 4;
export const PAIR_FIRST: usize = 8;
export const PAIR_END: usize = 12;
export const PAIR_SIZE: usize = 16;

// Solid that stands still.
export const SOLID_KIND: usize = 0;
export const SOLID_GROUP: usize = 4;
export const SOLID_MARGIN: usize = 8;
export const SOLID_ROUND: usize = 12;
export const SOLID_VALUES: usize = 28;
export const SOLID_SIZE: usize = 96;
export const SOLID_BOX: i32 = 0;
export const SOLID_CAPSULE: i32 = 1;
export const SOLID_CYLINDER: i32 = 2;
export const SOLID_HULL: i32 = 3;
export const GROUP_OBSTACLE: i32 = 1;

/** Covers every rounding of the kernel, m; see `arms/kernel/memory-layout.ts` for what it is made of. */
export const ROUNDING_M: f32 = 0.0001;

// Distance grid.
export const GRID_UNIT_M: f32 = 0.002;
export const GRID_CAP: i32 = 255;
/** A brick's list holds all solids that can be this near to a point in it, m. */
export const LIST_RANGE_M: f32 = 0.16;
/** Instead of a list: look at all solids. */
export const LIST_ALL: i32 = 1;

// Answers about one lane.
export const CLEAR: i32 = 0;
/** No contact, but less room than asked for. */
export const TIGHT: i32 = 1;
export const CONTACT: i32 = 2;

/** Bits of a block's answer: lanes in contact from bit 8 on, lanes that are tight below. */
export const CONTACT_SHIFT: i32 = 8;

// Request for a search, and its result.
export const R_SEED: usize = 0;
export const R_ITERATIONS: usize = 4;
export const R_NODES: usize = 8;
export const R_STEP: usize = 12;
export const R_GOAL_COUNT: usize = 16;
/** Addresses of configurations: the start, then the goals. */
export const R_ENDS: usize = 20;
export const R_LOWER: usize = 24;
export const R_UPPER: usize = 28;
export const R_WEIGHTS: usize = 32;
/** Per tree: nodes, eight at a time, joint by joint; and their parents. */
export const R_TREES: usize = 36;
export const R_PARENTS: usize = 44;
/** Room for the path: as many configurations as both trees can have nodes. */
export const R_PATH: usize = 52;
export const R_SCRATCH: usize = 56;
export const R_PATH_COUNT: usize = 60;
export const R_GOAL: usize = 64;
export const R_ITERATIONS_DONE: usize = 68;
export const R_BLOCKS: usize = 72;
export const R_SIZE: usize = 96;
export const SOLVED: i32 = 0;
export const START_NOT_FREE: i32 = 1;
export const NO_GOAL_FREE: i32 = 2;
export const EXHAUSTED: i32 = 3;
