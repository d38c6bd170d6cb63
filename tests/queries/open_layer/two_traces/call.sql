open_layer('given_layer')
