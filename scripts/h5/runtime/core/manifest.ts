/** What the builder found in app.json and the pages' JSON. */

/** A page's window: its own JSON over app.json's `window`. */
export interface WindowConfig {
  navigationBarTitleText?: string;
  navigationBarBackgroundColor?: string;
  navigationBarTextStyle?: 'black' | 'white';
  navigationStyle?: 'default' | 'custom';
  backgroundColor?: string;
  enablePullDownRefresh?: boolean;
  onReachBottomDistance?: number;
  disableScroll?: boolean;
}

export interface TabItem {
  pagePath: string;
  text: string;
  iconPath?: string;
  selectedIconPath?: string;
}

export interface TabBarConfig {
  color?: string;
  selectedColor?: string;
  backgroundColor?: string;
  borderStyle?: string;
  list: TabItem[];
}

export interface Manifest {
  /** The page that the shop opens with. */
  home: string;
  pages: Record<string, { config: WindowConfig; load: () => Promise<unknown> }>;
  tabBar: TabBarConfig | null;
  /** Files of the mini program's folder, and what they became. */
  assets: Record<string, string>;
  /** app.ts and app.wxss. */
  app: () => Promise<unknown>;
}
