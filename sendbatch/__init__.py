"""sendbatch"""
