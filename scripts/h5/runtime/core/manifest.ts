/** What the builder found in app.json and the pages' JSON. */

/** The settings of a page's window: app.json's `window`, overridden by the page's own JSON. */
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
  /** The built file of each picture in the mini program's folder, by its path there. */
  assets: Record<string, string>;
  /** Load app.ts and app.wxss. */
  app: () => Promise<unknown>;
}
