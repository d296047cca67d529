import { reactive } from "vue";

export interface CameraControls {
  readonly canTorch: boolean;
  readonly torchOn: boolean;
  toggleTorch(): Promise<void>;
  /** Read a picture of the person's choice. */
  pickPicture(): void;
  /** Read a code that is in view already once more, such as the next visitor's. */
  forget(): void;
}

/**
 * The camera of the page in front, for the page's own buttons. Not by a template ref: WeChat finds no component that
 * has no element of its own.
 */
export const camera = reactive<{ inFront: CameraControls | null }>({ inFront: null });
