"""`canting review`: a local page on which doubtful labels are decided."""
