"""Networks that were trained on ImageNet, cut into a frozen trunk and a trainable tail."""
