timeline('nested')
