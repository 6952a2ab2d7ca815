"""Trees on the same folds: is the network worth it here?"""
