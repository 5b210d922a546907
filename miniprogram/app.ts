import { arrive } from './lib/arrival'
import { prepareNotices } from './lib/notices'

App({
  onLaunch() {
    prepareNotices()
    updateWhenReady()
  },
  onShow(opened) {
    void arrive(opened)
  },
  onError(problem) {
    console.error(problem)
  },
})

/** A new version waits for the person's word: they may be in the middle of an order. */
function updateWhenReady(): void {
  const manager = wx.getUpdateManager()
  manager.onUpdateReady(() => {
    void wx
      .showModal({ title: '有新版本', content: '重启后即可使用新版本', confirmText: '重启' })
      .then(({ confirm }) => confirm && manager.applyUpdate())
  })
}
