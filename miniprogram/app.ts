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

/** Ask before a new version is installed: the person may be placing an order. */
function updateWhenReady(): void {
  const manager = wx.getUpdateManager()
  manager.onUpdateReady(() => {
    void wx
      .showModal({ title: '有新版本', content: '重启后即可使用新版本', confirmText: '重启' })
      .then(({ confirm }) => confirm && manager.applyUpdate())
  })
}
