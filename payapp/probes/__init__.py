"""The operator's door for machines: is the process alive, is it ready?"""
