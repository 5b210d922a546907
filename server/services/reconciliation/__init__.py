"""WeChat's bills of a day beside our books."""
