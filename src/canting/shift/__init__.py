"""Out-of-fold pictures, changed as another camera, scale or cloth would: what is left?"""
